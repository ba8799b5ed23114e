# The page: what is installed, and what kithd serves by name. There is no other list.
web_files = \
	client-web/boot.js \
	client-web/chat.css \
	client-web/dialogs.css \
	client-web/icon.svg \
	client-web/index.html \
	client-web/js/change.js \
	client-web/js/conversation.js \
	client-web/js/cursors.js \
	client-web/js/dialogs.js \
	client-web/js/dialogs_own.js \
	client-web/js/dom.js \
	client-web/js/i18n.js \
	client-web/js/link.js \
	client-web/js/link_state.js \
	client-web/js/loader.js \
	client-web/js/main.js \
	client-web/js/names.js \
	client-web/js/notify.js \
	client-web/js/outbox.js \
	client-web/js/poll.js \
	client-web/js/settings.js \
	client-web/js/state.js \
	client-web/js/storage.js \
	client-web/js/tabs.js \
	client-web/js/text.js \
	client-web/js/view_chat.js \
	client-web/js/view_list.js \
	client-web/js/view_log.js \
	client-web/js/view_login.js \
	client-web/js/view_row.js \
	client-web/js/view_unsent.js \
	client-web/js/wire.js \
	client-web/js/ws.js \
	client-web/lang/de.json \
	client-web/lang/en.json \
	client-web/lang/ko.json \
	client-web/lang/zh.json \
	client-web/media.css \
	client-web/style.css

webdir = $(pkgdatadir)/web
webjsdir = $(webdir)/js
weblangdir = $(webdir)/lang
dist_web_DATA = $(filter-out client-web/js/% client-web/lang/%,$(web_files))
dist_webjs_DATA = $(filter client-web/js/%,$(web_files))
dist_weblang_DATA = $(filter client-web/lang/%,$(web_files))
EXTRA_DIST += client-web/README.md

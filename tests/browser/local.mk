# The page in Chromium: run by integration/web/test_browser.py. tests/run.sh fetches
# the modules.
EXTRA_DIST += \
	tests/browser/access.mjs \
	tests/browser/cuts.mjs \
	tests/browser/direct.mjs \
	tests/browser/first.mjs \
	tests/browser/foreign.mjs \
	tests/browser/groups.mjs \
	tests/browser/history.mjs \
	tests/browser/hostile.mjs \
	tests/browser/keyboard.mjs \
	tests/browser/language.mjs \
	tests/browser/layout.mjs \
	tests/browser/link_unit.mjs \
	tests/browser/live.mjs \
	tests/browser/loader_unit.mjs \
	tests/browser/manners.mjs \
	tests/browser/no_browser.mjs \
	tests/browser/notify.mjs \
	tests/browser/outbox.mjs \
	tests/browser/outbox_unit.mjs \
	tests/browser/package-lock.json \
	tests/browser/package.json \
	tests/browser/payloads.mjs \
	tests/browser/person.mjs \
	tests/browser/pictures.mjs \
	tests/browser/polling.mjs \
	tests/browser/proxy.mjs \
	tests/browser/restored.mjs \
	tests/browser/scenario.mjs \
	tests/browser/tabs.mjs \
	tests/browser/state_unit.mjs \
	tests/browser/text_unit.mjs \
	tests/browser/unread.mjs \
	tests/browser/ws_client.mjs

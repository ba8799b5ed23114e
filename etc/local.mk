# Samples, schema files, service files, the two scripts of the README.

# The way in.
EXTRA_DIST += etc/page.png etc/packages.sh etc/quickstart.sh

# Samples and what starts the server, with this build's directories filled in.
exampledir = $(docdir)
unitdir = $(prefix)/lib/systemd/system
sysusersdir = $(prefix)/lib/sysusers.d
tmpfilesdir = $(prefix)/lib/tmpfiles.d
initdir = $(sysconfdir)/init.d
example_DATA = etc/kithd.conf
dist_doc_DATA = etc/nginx-kith.conf
unit_DATA = etc/kithd.service
sysusers_DATA = etc/sysusers.d/kith.conf
tmpfiles_DATA = etc/tmpfiles.d/kith.conf
init_SCRIPTS = etc/init.d/kithd
# It knows start, stop and the like, not --help.
AM_INSTALLCHECK_STD_OPTIONS_EXEMPT = etc/init.d/kithd

etc_filled = $(example_DATA) $(unit_DATA) $(sysusers_DATA) $(tmpfiles_DATA) $(init_SCRIPTS)
fill_in = $(AM_V_GEN)$(MKDIR_P) $(@D) && $(SED) -e 's|@sbindir[@]|$(sbindir)|g' \
	-e 's|@localstatedir[@]|$(localstatedir)|g' -e 's|@pkgdatadir[@]|$(pkgdatadir)|g'

etc/kithd.conf: etc/kithd.conf.in Makefile
	$(fill_in) $(srcdir)/etc/kithd.conf.in > $@
etc/kithd.service: etc/kithd.service.in Makefile
	$(fill_in) $(srcdir)/etc/kithd.service.in > $@
etc/sysusers.d/kith.conf: etc/kith.sysusers Makefile
	$(fill_in) $(srcdir)/etc/kith.sysusers > $@
etc/tmpfiles.d/kith.conf: etc/kith.tmpfiles Makefile
	$(fill_in) $(srcdir)/etc/kith.tmpfiles > $@
etc/init.d/kithd: etc/kithd.init Makefile
	$(fill_in) $(srcdir)/etc/kithd.init > $@ && chmod +x $@

# Folders of ours that are empty now. Others' files in them stay.
uninstall-hook:
	-cd "$(DESTDIR)$(pkgdatadir)" 2>/dev/null && find . -depth -type d -exec rmdir {} + 2>/dev/null
	-rmdir "$(DESTDIR)$(pkgdatadir)" "$(DESTDIR)$(docdir)" 2>/dev/null

CLEANFILES += $(etc_filled)
EXTRA_DIST += etc/kithd.conf.in etc/kithd.service.in etc/kith.sysusers etc/kith.tmpfiles etc/kithd.init

# The page: what is installed, and what kithd serves by name.
web_files = \
	client-web/index.html

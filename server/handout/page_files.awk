# page_files.awk - the files of client-web/local.mk, one a line, as the table of page.h.
BEGIN {
	type["html"] = "text/html; charset=utf-8"
	type["css"] = "text/css; charset=utf-8"
	type["js"] = "text/javascript; charset=utf-8"
	type["json"] = "application/json"
	type["svg"] = "image/svg+xml"
	type["webmanifest"] = "application/manifest+json"
	print "/* page_files.c - made by page_files.awk. */"
	print "#include \"server/handout/page.h\"\n"
	print "const struct page_name page_names[] = {"
}
{
	path = $0
	sub(/^client-web\//, "", path)
	end = path
	sub(/.*\./, "", end)
	if (!(end in type)) {
		print "page_files.awk: no media type for " path > "/dev/stderr"
		failed = 1
	}
	printf "\t{ \"%s\", \"%s\" },\n", path, type[end]
}
END {
	print "};\n"
	print "const unsigned page_names_count = sizeof(page_names) / sizeof(page_names[0]);"
	print "_Static_assert(sizeof(page_names) / sizeof(page_names[0]) <= PAGE_FILES_MAX,"
	print "    \"a place for each\");"
	exit failed
}

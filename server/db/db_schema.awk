# Makes server/db/db_schema.c of etc/schema/DIALECT/NNNN_*.sql, so that the store needs
# no file of its own. The files come sorted, those of one dialect side by side.
BEGIN {
	print "/* Made by db_schema.awk from etc/schema. */"
	print "#include \"server/db/db_driver.h\"\n"
	print "#include <stddef.h>"
}
FNR == 1 {
	n = split(FILENAME, part, "/")
	if (part[n - 1] != dialect) {
		finish()
		dialect = part[n - 1]
		print "\nconst struct db_schema db_schema_" dialect "[] = {"
	} else {
		print "\t},"
	}
	print "\t{ " (part[n] + 0) ","
}
{
	gsub(/\\/, "\\\\")
	gsub(/"/, "\\\"")
	print "\t\"" $0 "\\n\""
}
END {
	finish()
}
function finish()
{
	if (dialect != "")
		print "\t},\n\t{ 0, NULL }\n};"
}

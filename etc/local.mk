# Samples, schema files, service files, the two scripts of the README.

# The way in.
EXTRA_DIST += etc/packages.sh etc/quickstart.sh

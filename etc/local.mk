# Samples, schema files, service files, the two scripts of the README.

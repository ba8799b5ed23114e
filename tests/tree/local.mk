# The rules of the tree: rooms, includes, symbols, names, form.
TESTS += tests/tree/tree_test.py tests/tree/manual_test.py
EXTRA_DIST += \
	tests/tree/checks.py \
	tests/tree/made.py \
	tests/tree/manual_test.py \
	tests/tree/tree.py \
	tests/tree/tree_test.py

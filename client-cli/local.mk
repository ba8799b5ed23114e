# libkith (the client core) and kith.

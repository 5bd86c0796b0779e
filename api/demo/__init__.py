"""The story `make demo` tells; every line is printed only when it is true."""

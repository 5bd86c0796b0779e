"""The story `make demo` tells: recordings in, creators paid, every line printed only when it is true."""

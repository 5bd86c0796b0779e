"""cvc5 as a command: its wheel brings the library alone, and halmos wants to run a program.

The last argument is an SMT-LIB file; those before it are cvc5's own long options.
"""

import sys

import cvc5


def main() -> None:
    solver = cvc5.Solver(cvc5.TermManager())
    for argument in sys.argv[1:-1]:
        name, _, value = argument.removeprefix("--").partition("=")
        solver.setOption(name, value or "true")
    parser = cvc5.InputParser(solver)
    parser.setFileInput(cvc5.InputLanguage.SMT_LIB_2_6, sys.argv[-1])
    symbols = parser.getSymbolManager()
    while not (command := parser.nextCommand()).isNull():
        sys.stdout.write(command.invoke(solver, symbols))


if __name__ == "__main__":
    main()

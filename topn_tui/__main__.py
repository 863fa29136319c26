"""``python -m topn_tui``"""

from topn_tui.cli import main

if __name__ == "__main__":
    main()

from gcms_tui.cli.main import main

if __name__ == "__main__":
    main()

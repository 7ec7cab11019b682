"""The plugin as a user meets it: settings, messages, runs, files and packages."""

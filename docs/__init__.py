"""The documentation site: MyST pages, pictures, and what is generated when it is built."""

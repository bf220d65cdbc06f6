"""Say farewell: a plug-in that is installed as a package."""

"""Template deployments: expressions, their functions, templates, and the deployments themselves."""

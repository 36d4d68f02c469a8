"""Power's own OpenAPI document, made from the routes and from the types that the code itself decodes."""

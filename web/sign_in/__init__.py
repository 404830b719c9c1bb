"""How people come in: by password or through an OpenID provider."""

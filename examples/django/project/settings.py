import os

# Signs cookies; set it where more than one process serves, or sessions end with a restart.
SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY") or os.urandom(32).hex()
# The platform in front of the app lets only its own addresses through.
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "project.urls"
INSTALLED_APPS = ["notes"]
MIDDLEWARE = ["django.middleware.security.SecurityMiddleware", "django.middleware.common.CommonMiddleware"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

DATABASES = {
    "default": {
        "ENGINE": "lakebase",
        "NAME": os.environ["PGDATABASE"],
        "USER": os.environ["PGUSER"],
        "HOST": os.environ["PGHOST"],
        "PORT": os.environ.get("PGPORT", "5432"),
        # An app may create schemas in its database, and nothing in public. TLS is libpq's affair: PGSSLMODE, PGSSLROOTCERT.
        "OPTIONS": {"options": "-c search_path=app"},
        # A connection serves many requests; one that was dropped is noticed before it is used, and replaced.
        "CONN_MAX_AGE": 2700,
        "CONN_HEALTH_CHECKS": True,
    }
}

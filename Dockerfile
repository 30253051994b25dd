# One image for every process of the production shape; docker-compose.yml says which runs what.

FROM python:3.11-slim-bookworm AS build
RUN python -m venv /app/.venv
COPY requirements.txt /tmp/requirements.txt
RUN /app/.venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --only-binary :all: \
    -r /tmp/requirements.txt

FROM python:3.11-slim-bookworm
ENV PATH="/app/.venv/bin:$PATH" \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    POSTROOM_SHAPE=production \
    STATIC_ROOT=/app/staticfiles
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin postroom
WORKDIR /app
COPY --from=build /app/.venv /app/.venv
COPY . .
# Collecting needs settings that load, not real ones: these values live for this one command.
RUN python -m compileall -q integrations ledger portal \
    && SECRET_KEY=unused TOKEN_PEPPER=unused FIELD_KEYS=k1:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY= \
       BASE_URL=http://localhost ALLOWED_HOSTS=localhost DATABASE_URL=postgres://unused/unused REDIS_URL=redis://unused \
       python manage.py collectstatic --noinput
USER postroom
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "portal.wsgi:application"]

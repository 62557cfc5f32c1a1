# agd in a container: built with Swift's image, run on a bare Debian.
#
#   docker build -t agd .
#   docker run --rm -it -v ~/models:/models agd chat -m /models/model.gguf
#   docker run --rm -p 8080:8080 -v ~/models:/models agd serve -m /models/model.gguf --host 0.0.0.0 --api-key-file /models/key.txt

FROM swift:6.3-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends build-essential pkg-config python3 python3-pip zlib1g-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
# llama.cpp changes seldom; it stays built while the sources beside it change.
COPY Tools Tools
RUN AGD_PORTABLE=1 Tools/dependencies.sh
COPY . .
RUN make release && mkdir /release && tar -xzf .build/agd-*.tar.gz -C /release --strip-components=1

FROM debian:12-slim
# For line editing in agd chat; everything else is in the one file.
RUN apt-get update && apt-get install -y --no-install-recommends libedit2 && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home agd
COPY --from=build /release/ /usr/local/
USER agd
EXPOSE 8080
ENTRYPOINT ["agd"]
CMD ["--help"]

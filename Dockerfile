# The server and the command line in one image. TypeScript runs as it is, so nothing is built here.
#   docker build -t footnote .
#   docker run --init -p 127.0.0.1:3000:3000 -e PUBLISHED_HOST=127.0.0.1 -v footnote:/data footnote
FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Without the dev dependencies, the npm package `node` among them: this image is that Node already.
# No package that stays has an install script.
RUN npm ci --omit=dev --ignore-scripts

FROM node:24-slim
# Listening on all addresses of the container; which of them the world sees is decided by whoever publishes the port.
ENV HOST=0.0.0.0 DATA_DIR=/data
WORKDIR /app
# Owned by root and never written to: only /data belongs to the user that runs.
COPY --from=packages /app/node_modules ./node_modules
COPY package.json ./
COPY core ./core
COPY store ./store
COPY models ./models
COPY prompts ./prompts
COPY ingest ./ingest
COPY server ./server
COPY cli ./cli
COPY web ./web
COPY library ./library
RUN mkdir /data && chown node:node /data
VOLUME /data
USER node
EXPOSE 3000
STOPSIGNAL SIGTERM
# The slim image has no curl. /health and not /ready: a database that is away is no reason to replace the server.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 3000}/health`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# No shell in between, so that a SIGTERM reaches the server. Other commands: docker run … footnote cli/main.ts ask "…"
ENTRYPOINT ["node"]
CMD ["server/main.ts"]

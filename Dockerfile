# The coordinator with the web client on one port: `docker compose up`, or docs/operating.md.
FROM node:24.22.3-bookworm-slim AS source
WORKDIR /app
ENV CI=true
RUN npm install --global pnpm@12.21.0
COPY . .

FROM source AS web
RUN pnpm install --frozen-lockfile
RUN node packages/perfit-core/build-programs.mjs
RUN pnpm --filter @perfit/web-client exec vite build

FROM source AS production
RUN pnpm install --frozen-lockfile --prod --filter "@perfit/cli..."

FROM node:24.22.3-bookworm-slim
ENV NODE_ENV=production PERFIT_HOST=0.0.0.0 PERFIT_DATA=/data
COPY --from=production /app /app
COPY --from=web /app/apps/web-client/dist /app/apps/web-client/dist
COPY --from=web /app/packages/perfit-core/src/wasm/compiled.ts /app/packages/perfit-core/src/wasm/compiled.ts
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 4173
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:4173/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
WORKDIR /app/apps/cli
ENTRYPOINT ["node", "--import", "tsx", "src/main.ts"]
CMD ["serve"]

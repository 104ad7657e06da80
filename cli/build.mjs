// What `npm start` runs and npm publishes: the whole broker in one file. Node and V8 take their time and memory by the
// module rather than by the byte: 543 modules start with 260 ms of CPU and idle at 76 MB, the one file with 125 ms and
// 66 MB. See docs/decisions/start-up.md.
//
// Runs before every start (0.2 s), so what is built is never older than the source, and no stamp has to say so. A
// broker that starts meanwhile reads whole files: they are replaced, and only where they differ.
//
//   dist/cli/milena.js      the command
//   dist/broker/index.js    the library
//   dist/chunks/            what both share; the broker, which `milena --help` does not load

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const dist = join(root, 'dist')
const chunks = join(dist, 'chunks')

const { outputFiles } = await build({
  absWorkingDir: root,
  entryPoints: ['cli/milena.mjs', 'broker/index.ts'],
  outdir: dist,
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  packages: 'external',
  format: 'esm',
  platform: 'node',
  target: 'node22.18',
  sourcemap: 'linked',
  sourcesContent: false,
  legalComments: 'none',
  write: false,
  logLevel: 'warning',
}).catch(() => process.exit(1)) // said by then

for (const { path, contents } of outputFiles) {
  if (existsSync(path) && readFileSync(path).equals(contents)) continue
  mkdirSync(dirname(path), { recursive: true })
  const whole = join(dist, `${process.pid}.part`)
  writeFileSync(whole, contents)
  renameSync(whole, path)
}
const built = new Set(outputFiles.map(({ path }) => path))
for (const name of readdirSync(chunks)) {
  if (!built.has(join(chunks, name))) rmSync(join(chunks, name), { force: true })
}

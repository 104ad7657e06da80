// `npm test`: types, lint, then every test file with tap. The last line is `N passed, N failed`; the exit code is 1
// when something failed, types and lint included, or when no test ran.
//
//   npm test                            everything
//   npm test -- test/host               only these files or folders, without types and lint
//   SEED=7 npm test -- test/host/…      replays a random test
//
// Tools are started by the Node that runs this file, from their JavaScript: no shell, no npm, the same on every system.

import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { report } from './report.ts'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const modules = join(root, 'node_modules')
const tapScript = join(modules, 'tap/dist/esm/run.mjs')

const print = (line: string) => process.stdout.write(`${line}\n`)

/** Silent when it succeeds. */
function check(name: string, script: string, args: readonly string[]): boolean {
  const result = spawnSync(process.execPath, [join(modules, script), ...args], { cwd: root, encoding: 'utf8' })
  if (result.status === 0) {
    print(`ok ${name}`)
    return true
  }
  print(`FAILED ${name}\n${result.stdout}${result.stderr}`)
  return false
}

/**
 * tap generates its plugins after an install, and again when .taprc names others; until then TypeScript tests crash in
 * it.
 */
function buildTapPlugins(): void {
  const stamp = join(modules, '.milena-tap-built')
  const hash = createHash('sha256')
    .update(readFileSync(join(root, '.taprc')))
    .digest('hex')
  if (existsSync(join(root, '.tap/plugins')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return
  const result = spawnSync(process.execPath, [tapScript, 'build'], { cwd: root, encoding: 'utf8' })
  if (result.status !== 0) throw new Error(`tap build failed:\n${result.stdout}${result.stderr}`)
  writeFileSync(stamp, hash)
}

function testFiles(names: readonly string[]): string[] {
  const found = names.flatMap((name) => {
    const isFolder = existsSync(name) && statSync(name).isDirectory()
    return globSync(isFolder ? `${name}/**/*.test.ts` : name)
  })
  return [...new Set(found)].sort()
}

async function runTap(files: readonly string[]): Promise<{ passed: number; failed: number; skipped: number }> {
  const child = spawn(process.execPath, [tapScript, '--reporter=tap', ...files], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = new Promise<number>((resolve) => {
    child.on('close', (code) => resolve(code ?? 1))
  })
  const counts = await report(child.stdout, print)
  const exitCode = await exited
  if (exitCode === 0 || counts.failed > 0) return counts
  print(`FAILED tap ended with exit code ${exitCode}`)
  return { ...counts, failed: counts.failed + 1 }
}

process.chdir(root)
const start = performance.now()
const names = process.argv.slice(2)
let failed = 0
if (names.length === 0) {
  if (!check('types', 'typescript/bin/tsc', [])) failed++
  if (!check('lint', '@biomejs/biome/bin/biome', ['check'])) failed++
}
const files = testFiles(names.length === 0 ? ['test'] : names)
let passed = 0
if (files.length > 0) {
  buildTapPlugins()
  const counts = await runTap(files)
  passed = counts.passed
  failed += counts.failed
  if (counts.skipped > 0) print(`${counts.skipped} skipped`)
}
if (passed === 0) print('no test has passed')
print(`in ${((performance.now() - start) / 1000).toFixed(0)} s`)
print(`${passed} passed, ${failed} failed`)
process.exitCode = failed > 0 || passed === 0 ? 1 : 0

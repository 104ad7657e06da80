// confluent-kafka (librdkafka's Python client), in a virtual environment of its own.

import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { cacheDir } from '../cache.ts'
import { type Report, run, type Target } from '../harness.ts'
import { runNative } from '../native.ts'

export async function suite(target: Target, report: Report): Promise<void> {
  const program = join(import.meta.dirname, 'suite.py')
  await runNative(target, report, [await python(), '-u', program], ['range', 'cooperative-sticky', 'consumer'])
}

/** The interpreter of a virtual environment per content of requirements.txt, complete once its marker is there. */
async function python(): Promise<string> {
  const requirements = join(import.meta.dirname, 'requirements.txt')
  const hash = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)
  const dir = join(cacheDir(), `python-${hash}`)
  const interpreter = join(dir, 'bin', 'python')
  const marker = join(dir, 'complete')
  if (existsSync(marker)) return interpreter
  await run('python3', ['-m', 'venv', '--clear', dir], { timeoutMs: 300_000 })
  const quiet = ['-q', '--disable-pip-version-check', '--no-input']
  await run(interpreter, ['-m', 'pip', 'install', ...quiet, '-r', requirements], { timeoutMs: 600_000 })
  writeFileSync(marker, '')
  return interpreter
}

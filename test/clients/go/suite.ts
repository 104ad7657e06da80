// franz-go (Go): the client that follows Apache Kafka's newest protocol versions most closely.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Report, run, type Target } from '../harness.ts'
import { runNative } from '../native.ts'

export async function suite(target: Target, report: Report): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'milena-go-'))
  try {
    const program = join(dir, 'suite')
    await run('go', ['build', '-o', program, '.'], { cwd: import.meta.dirname, timeoutMs: 600_000 })
    await runNative(target, report, [program], ['range', 'cooperative-sticky', 'consumer'])
  } finally {
    rmSync(dir, { recursive: true })
  }
}

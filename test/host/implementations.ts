// The implementations of Host that the suites of this folder run on.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { Host } from '../../host/host.ts'
import { realHost } from '../../host/real/host.ts'
import { simulate } from '../../host/simulated/simulation.ts'

export interface Subject {
  readonly name: string
  readonly host: Host
  /** An empty directory. */
  readonly directory: string
  /** Waits for the promise, on the host's own time. */
  complete<T>(promise: Promise<T>): Promise<T>
}

export const seed = Number(process.env['SEED'] ?? 1)

export function subjects(t: Test): Subject[] {
  const directory = mkdtempSync(join(tmpdir(), 'milena-host-'))
  t.teardown(() => rmSync(directory, { recursive: true, force: true }))
  const simulation = simulate(seed)
  return [
    { name: 'real', host: realHost(), directory, complete: (promise) => promise },
    {
      name: `simulated (seed ${seed})`,
      host: simulation.node('a').host,
      directory: '/data',
      complete: (promise) => simulation.complete(promise),
    },
  ]
}

// On what a result was measured: stands at the head of every one.

import { cpus, release, totalmem } from 'node:os'
import { version } from '../cli/version.ts'

export interface Machine {
  readonly date: string
  readonly processor: string
  readonly memoryGiB: number
  readonly kernel: string
  readonly node: string
  readonly milena: string
}

export function machine(): Machine {
  const processors = cpus()
  return {
    date: new Date().toISOString(),
    processor: `${processors.length} × ${processors[0]?.model ?? 'unknown'}`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    milena: version(),
  }
}

export function describe({ date, processor, memoryGiB, kernel, node, milena }: Machine): string {
  return `${date.slice(0, 16)} UTC; ${processor}, ${memoryGiB} GiB, Linux ${kernel}; Milena ${milena} on Node ${node}`
}

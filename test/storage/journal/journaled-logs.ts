// For tests of the journal: a log directory on a simulated machine, small appends to its logs, and what is in them.

import type { SimulatedNode } from '../../../host/simulated/node.ts'
import { ErrorCode } from '../../../protocol/error-codes.ts'
import { buildBatch } from '../../../protocol/records/builder.ts'
import { readRecords } from '../../../protocol/records/record.ts'
import { LogDirectory } from '../../../storage/directory/log-directory.ts'
import { createStorageEnvironment, type StorageOptions } from '../../../storage/environment.ts'
import type { Log } from '../../../storage/log/log.ts'
import { defaultLogConfig, type LogConfig } from '../../../storage/log/log-config.ts'

export const id = 'ePSQjlhTTsyjmeh43SPfJg'
const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const record = (value: string, size = 0): Uint8Array =>
  buildBatch({
    timestamp: 1_767_225_600_000,
    records: [{ key: new Uint8Array(size), value: encoder.encode(value) }],
  })

const storageOptions = { journalSize: 65_536, journalAfterSyncs: 0 }

export function open(node: SimulatedNode, options: Partial<StorageOptions> = {}) {
  const environment = createStorageEnvironment(node.host, { ...storageOptions, ...options })
  const directory = LogDirectory.open({ environment, path: '/data', nodeId: 1, clusterId: null })
  const log = (partition: number, config: Partial<LogConfig> = {}): Log =>
    directory.openLog('topic', id, partition, { ...defaultLogConfig, ...config })
  return { environment, directory, log, commits: environment.commits }
}

export function append(log: Log, value: string, size = 0): void {
  const result = log.append(record(value, size), 1, 'client')
  if (result.errorCode !== ErrorCode.NONE) throw new Error(`${result.errorCode} ${result.errorMessage}`)
  log.requestSync()
}

export function valuesOf(log: Log): string[] {
  const values: string[] = []
  let offset = log.logStartOffset
  while (offset < log.logEndOffset) {
    let next = offset
    log.readSync(offset, 10_000, log.logEndOffset, true, (_code, slices, _size, nextOffset) => {
      for (const slice of slices) {
        for (const { offset: at, value } of readRecords(slice)) {
          if (at >= offset) values.push(decoder.decode(value ?? new Uint8Array()))
        }
      }
      next = nextOffset
    })
    if (next === offset) throw new Error(`nothing at ${offset} of ${log.logEndOffset}`)
    offset = next
  }
  return values
}

/** What is not synced is lost: every file as its last sync has left it. */
export function losePower(node: SimulatedNode): void {
  node.disk.random.pick = () => 0 as never
  node.crash()
  node.restart()
}

// .kafka_cleanshutdown: the broker before ended in order, and in which epoch of its registration (KIP-966).

import type { Disk } from '../../host/disk.ts'
import { readTextFile, replaceFile } from '../checkpoint.ts'
import { CLEAN_SHUTDOWN, join } from '../file-names.ts'

/** null: it did not end in order. -1: no epoch is known. */
export function cleanShutdownEpoch(disk: Disk, path: string): number | null {
  const marker = readTextFile(disk, join(path, CLEAN_SHUTDOWN))
  if (marker === null) return null
  // Releases before 3.8 left the file empty.
  const found = /"brokerEpoch"\s*:\s*(-?\d+)/.exec(marker)
  return found === null ? -1 : Number(found[1])
}

/** Durable at return. */
export function markCleanShutdown(disk: Disk, path: string, brokerEpoch: number): void {
  replaceFile(disk, path, CLEAN_SHUTDOWN, JSON.stringify({ version: 0, brokerEpoch }))
}

/** Durable at return: what follows is not in order until the next stop. */
export function removeCleanShutdown(disk: Disk, path: string): void {
  disk.remove(join(path, CLEAN_SHUTDOWN))
  disk.syncDirectory(path)
}

// The clean stop of all logs of a directory: what is to be synced is collected first and then synced in the pool, some
// at a time: one after the other, 5,000 logs just written to took 43 s.

import { DiskError } from '../../host/disk.ts'
import type { Host } from '../../host/host.ts'
import type { Log } from '../log/log.ts'
import { syncDirectories, syncFiles } from '../sync-files.ts'

/** `beforeFinish`: the files are synced, the logs still open. Resolves to false when one is not closed in order. */
export async function closeLogs(
  { disk, logger }: Host,
  logs: readonly Log[],
  beforeFinish: () => Promise<void>,
): Promise<boolean> {
  let isClean = true
  const failed = (path: string, error: DiskError): void => {
    logger.error('a log could not be closed in order', { path, error: error.message })
    isClean = false
  }
  const each = (run: (log: Log) => void): void => {
    for (const log of logs) {
      try {
        run(log)
        isClean &&= !log.isOffline
      } catch (error) {
        if (!(error instanceof DiskError)) throw error
        failed(log.directory, error)
      }
    }
  }
  const paths: string[] = []
  each((log) => paths.push(...log.prepareClose()))
  await syncFiles(disk, paths, failed)
  await beforeFinish()
  const directories = new Set<string>()
  each((log) => {
    for (const directory of log.finishClose()) directories.add(directory)
  })
  await syncDirectories(disk, [...directories], failed)
  return isClean
}

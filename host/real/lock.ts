// The lock that keeps two brokers off one data directory.
//
// Apache Kafka takes a POSIX record lock on the file `.lock` and leaves the file behind. The kernel drops such a lock
// with its process, however that ends, so there is never a stale one to clean up. Node has no call for record locks,
// but the SQLite that it carries takes one on the file it opens (and LockFileEx on Windows): a database of nought
// bytes, never written, is exactly Kafka's lock file. Its byte range lies within Kafka's, so that each sees the other's
// lock.

import { closeSync, openSync, readFileSync, statSync } from 'node:fs'
import { DiskError, type DiskLock } from '../disk.ts'

const sqliteBusy = 5
const sqliteCannotOpen = 14

export function lockFile(path: string): DiskLock {
  const { DatabaseSync } = loadSqlite()
  let database: InstanceType<typeof DatabaseSync> | null = null
  try {
    database = new DatabaseSync(path)
    // With its journal in memory no second file appears beside the lock. (OFF is refused in silence: Node opens
    // databases in defensive mode.)
    database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
  } catch (error) {
    database?.close()
    const code = error instanceof Error && 'errcode' in error ? error.errcode : null
    if (code === sqliteBusy) {
      throw new DiskError('locked', path, `locked by ${lockHolder(path)}; stop it or choose another directory`)
    }
    // SQLite does not say why. (Never where the lock may be held: a close of the file would drop it.)
    if (code === sqliteCannotOpen) closeSync(openSync(path, 'a'))
    throw new DiskError('failed', path, `cannot be locked: ${error instanceof Error ? error.message : String(error)}`)
  }
  let held: typeof database | null = database
  return {
    release() {
      held?.close()
      held = null
    },
  }
}

/** Node 22 prints a warning when SQLite is first loaded; an operator cannot act on it. */
function loadSqlite(): typeof import('node:sqlite') {
  const emitWarning = process.emitWarning
  process.emitWarning = () => {}
  try {
    return process.getBuiltinModule('node:sqlite')
  } finally {
    process.emitWarning = emitWarning
  }
}

/** Linux tells who holds a lock; a line reads `3: POSIX  ADVISORY  WRITE 10432 fe:00:9979565 1073741824 1073742335`. */
function lockHolder(path: string): string {
  try {
    const inode = statSync(path).ino
    for (const line of readFileSync('/proc/locks', 'utf8').split('\n')) {
      const [, kind, , , pid, device] = line.trim().split(/\s+/)
      if (kind === 'POSIX' && device?.endsWith(`:${inode}`)) {
        return Number(pid) === process.pid ? `this process (pid ${pid})` : `another process (pid ${pid})`
      }
    }
  } catch {
    // Not Linux: the message does without the pid.
  }
  return 'another process'
}

// `milena serve`: a broker from the command line until a signal.

import { existsSync, readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { Broker } from '../broker/broker.ts'
import { checkProperties, parseProperties } from '../broker/config/properties.ts'
import { ListenerError } from '../broker/network/listeners.ts'
import { DiskError, type DiskErrorReason } from '../host/disk.ts'
import { NetworkError } from '../host/network.ts'
import { realHost } from '../host/real/host.ts'
import { StorageFault } from '../storage/storage-fault.ts'
import { type ServeCommand, UsageError } from './arguments.ts'
import { onStopSignals } from './signals.ts'
import { version } from './version.ts'

/** Answers the exit code once the broker has stopped. `whenUp` is called when it serves. */
export async function serve(command: ServeCommand, whenUp: () => void): Promise<number> {
  outliveReaders()
  const properties = { ...readConfigFile(command.configFile), ...command.properties }
  const host = realHost({ logFormat: properties['milena.log.format'] === 'json' ? 'json' : 'text' })
  const { errors, warnings } = checkProperties(properties)
  if (errors.length > 0) throw new UsageError(errors.join('\nmilena: '))
  for (const warning of warnings) host.logger.warn(warning)

  const stopAsked = new Promise<void>((resolve) => {
    onStopSignals(process, host.clock.monotonic, resolve, (exitCode) => process.exit(exitCode))
  })
  const broker = await Broker.start({ host, properties }).catch((error: unknown) => {
    throw operatorMistake(error) ?? error
  })
  process.stdout.write(`${readyLine(broker, performance.now())}\n`)
  whenUp()
  await stopAsked
  await broker.stop()
  process.stdout.write('milena has stopped\n')
  return 0
}

/**
 * Whoever read the output (a pipe to tee, a terminal) may go before the broker does, with Ctrl-C at the same time; it
 * stops cleanly all the same. There is nobody left to tell.
 */
function outliveReaders(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
}

function readConfigFile(path: string | null): Record<string, string> {
  if (path === null) return {}
  if (!existsSync(path)) throw new UsageError(`--config ${path}: there is no such file`)
  try {
    return parseProperties(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new UsageError(`--config ${path}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** `sinceStartMs`: performance.now() counts from the start of the process. */
function readyLine(broker: Broker, sinceStartMs: number): string {
  const { name, host, port } = broker.address
  const address = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const data = broker.logDirs.map(nearPath).join(', ')
  const ready = `ready in ${Math.round(sinceStartMs)} ms`
  return `milena ${version()} serves ${address} (${name}), data in ${data}, cluster ${broker.clusterId}, ${ready}`
}

/** As one would write it from here. */
function nearPath(path: string): string {
  const near = relative('.', path)
  return near.startsWith('..') || near === '' ? path : `./${near}`
}

const OTHER_DATA = 'choose another directory with --data DIR'
/** What to do about a disk; the lock's own text says it. */
const diskAdvice: Readonly<Record<DiskErrorReason, string>> = {
  missing: `; ${OTHER_DATA}`,
  exists: `; ${OTHER_DATA}`,
  full: `; make room there, or ${OTHER_DATA}`,
  locked: '',
  denied: `; let this user write there, or ${OTHER_DATA}`,
  exhausted: '; allow the process more open files (ulimit -n)',
  failed: `; ${OTHER_DATA}`,
}

/** What the operator can mend, as one line that says how; null for anything else, which is a fault of ours. */
function operatorMistake(error: unknown): UsageError | null {
  if (error instanceof DiskError) return new UsageError(error.message + diskAdvice[error.reason])
  if (error instanceof NetworkError) {
    if (error.code === 'EADDRINUSE') {
      return new UsageError(`${error.message}; stop what listens there, or choose another one with --listen HOST:PORT`)
    }
    return new UsageError(`cannot listen: ${error.message}; choose another address with --listen HOST:PORT`)
  }
  if (error instanceof ListenerError || error instanceof StorageFault) return new UsageError(error.message)
  return null
}

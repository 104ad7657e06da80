// meta.properties of a log directory: which cluster, node and directory it is. Source: MetaProperties (version 1),
// KIP-858.
//
//   #
//   #Mon Nov 23 02:14:36 UTC 2026
//   node.id=1
//   directory.id=I2f7pqxpQJG3L1Nw3IboCQ
//   version=1
//   cluster.id=OExQfSewS4ukr3oz6vrcTg

import type { Disk } from '../../host/disk.ts'
import type { Host, Random } from '../../host/host.ts'
import { randomUuid } from '../../host/random-uuid.ts'
import { readTextFile, replaceFile } from '../checkpoint.ts'
import { join, META_PROPERTIES } from '../file-names.ts'
import { StorageFault } from '../storage-fault.ts'

export interface MetaProperties {
  readonly clusterId: string
  readonly nodeId: number
  readonly directoryId: string
}

/** null: the directory has not been formatted. */
export function readMetaProperties(disk: Disk, directory: string): MetaProperties | null {
  const path = join(directory, META_PROPERTIES)
  const text = readTextFile(disk, path)
  if (text === null) return null
  const values = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#') || !line.includes('=')) continue
    const split = line.indexOf('=')
    values.set(line.slice(0, split).trim(), line.slice(split + 1).trim())
  }
  const need = (name: string): string => {
    const value = values.get(name)
    if (value === undefined || value === '') throw new StorageFault(path, `has no ${name}`)
    return value
  }
  if (need('version') !== '1') throw new StorageFault(path, `is of version ${values.get('version')}; only 1 is known`)
  const nodeId = Number(need('node.id'))
  if (!Number.isInteger(nodeId) || nodeId < 0) throw new StorageFault(path, `has the node.id ${values.get('node.id')}`)
  return { clusterId: need('cluster.id'), nodeId, directoryId: need('directory.id') }
}

export interface WantedProperties {
  /** null: that of the directory, or a new one. */
  readonly clusterId: string | null
  readonly nodeId: number
}

/** Of a directory that nobody has used they are made. Throws StorageFault when it belongs to somebody else. */
export function readOrFormat(host: Host, directory: string, { clusterId, nodeId }: WantedProperties): MetaProperties {
  const { disk, random, clock } = host
  const found = readMetaProperties(disk, directory)
  if (found === null) {
    const made = { clusterId: clusterId ?? randomUuid(random), nodeId, directoryId: randomUuid(random) }
    writeMetaProperties(disk, directory, made, clock.now())
    return made
  }
  if (clusterId !== null && found.clusterId !== clusterId) {
    throw new StorageFault(directory, `belongs to cluster ${found.clusterId}, not ${clusterId}`)
  }
  if (found.nodeId !== nodeId) {
    const reason = `belongs to node ${found.nodeId}, not ${nodeId}: serve it with node.id=${found.nodeId}`
    throw new StorageFault(directory, reason)
  }
  return found
}

function writeMetaProperties(disk: Disk, directory: string, properties: MetaProperties, now: number): void {
  const text = [
    '#',
    `#${new Date(now).toUTCString()}`,
    `node.id=${properties.nodeId}`,
    `directory.id=${properties.directoryId}`,
    'version=1',
    `cluster.id=${properties.clusterId}`,
    '',
  ].join('\n')
  replaceFile(disk, directory, META_PROPERTIES, text)
}

/** 32 hex digits, for the names of directories that are set aside. */
export function randomHex(random: Random): string {
  return Buffer.from(random.fill(new Uint8Array(16))).toString('hex')
}

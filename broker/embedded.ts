// A broker inside somebody's test or application: what it gets where it was given nothing.

import type { Host } from '../host/host.ts'
import { realHost } from '../host/real/host.ts'
import { memoryDisk } from '../host/simulated/memory-disk.ts'
import type { Properties } from './config/properties.ts'

/** A test has no three seconds for more members to join. */
const PROPERTIES: Properties = {
  listeners: 'PLAINTEXT://127.0.0.1:0',
  'group.initial.rebalance.delay.ms': '0',
  'offsets.topic.num.partitions': '4',
}

/** With a host of the caller's, nothing is decided here. */
export function embedded(options: { readonly host?: Host; readonly properties?: Properties }) {
  const { host, properties = {} } = options
  if (host !== undefined) return { host, properties }
  // Says what went wrong, and nothing else.
  const real = realHost({ logLevel: 'warn' })
  const isOnDisk = properties['log.dirs'] !== undefined || properties['log.dir'] !== undefined
  const own: Host = { ...real, disk: isOnDisk ? real.disk : memoryDisk(real.timers) }
  return { host: own, properties: { ...PROPERTIES, ...properties } }
}

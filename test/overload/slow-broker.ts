// A broker process on a slow disk: slow-broker.ts RATE key=value…, RATE in bytes per second. Ends with SIGKILL alone.

import { Broker } from '../../broker/broker.ts'
import { realHost } from '../../host/real/host.ts'
import { slowDisk } from './slow-disk.ts'

const [rate, ...pairs] = process.argv.slice(2)
const properties = Object.fromEntries(pairs.map((pair) => pair.split('=', 2)))
const host = realHost({ logLevel: 'warn' })
const broker = await Broker.start({ host: { ...host, disk: slowDisk(host.disk, Number(rate)) }, properties })
process.stdout.write(`milena serves ${broker.bootstrap} on a slow disk\n`)

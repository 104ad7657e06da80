// The properties that bound connections, as a server reads them.

import { test } from 'tap'
import { BrokerConfig } from '../../broker/config/broker-config.ts'
import { MetadataImage, RESOURCE } from '../../broker/metadata/image.ts'
import { newRecord } from '../../broker/metadata/records.ts'
import { MetadataReplay } from '../../broker/metadata/replay.ts'
import { serverLimits } from '../../broker/server-limits.ts'

const name = 'max.connections.per.ip.overrides'

test('overrides for hosts are parsed once, and again when they change', (t) => {
  const config = new BrokerConfig({ [name]: 'a:1,b:2' })
  const limits = serverLimits(config)
  const first = limits.maxConnectionsPerIpOverrides
  t.same(new Map(first), new Map(Object.entries({ a: 1, b: 2 })))
  t.equal(limits.maxConnectionsPerIpOverrides, first)

  const replay = new MetadataReplay(MetadataImage.empty)
  const change = { resourceType: RESOURCE.broker, resourceName: '', name, value: 'a:3' }
  replay.addRecords([newRecord('ConfigRecord', 33, change)], 0, 1, 0)
  config.apply(replay.publish().image.configs, null)
  t.same(new Map(limits.maxConnectionsPerIpOverrides), new Map(Object.entries({ a: 3 })))
  t.end()
})

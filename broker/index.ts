// What `import { Broker } from 'milena'` gives: a broker inside a test or an application.
//
//   const broker = await Broker.start()                                      in memory, on a free port
//   const broker = await Broker.start({ properties: { 'log.dirs': './x' } }) on disk; any of Kafka's server properties
//   broker.bootstrap                                                         '127.0.0.1:43211'
//   await broker.stop()

export { Broker, type BrokerOptions, ConfigError } from './broker.ts'

// Which addresses belong to the public internet, and which hosts the operator has excepted by name.
import { BlockList, isIP } from 'node:net'

// IANA's special-purpose registries (RFC 6890 and its updates), multicast and class E. For IPv6 it is the other way
// round: only 2000::/3 is given out to hosts, so mapped, NAT64, unique-local and link-local addresses need no row.
const special4 =
  '0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24 192.0.2.0/24 192.31.196.0/24 192.52.193.0/24 192.88.99.0/24 192.168.0.0/16 192.175.48.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24 224.0.0.0/4 240.0.0.0/4'
// In this order: protocol assignments with Teredo and ORCHID, documentation, 6to4, AS112, documentation.
const special6 = '2001::/23 2001:db8::/32 2002::/16 2620:4f:8000::/48 3fff::/20'

const special = listOf(special4, special6)
const unicast6 = listOf('', '2000::/3')

/** False as well for what is no address at all. */
export function isGlobalAddress(address: string): boolean {
  const version = isIP(address)
  if (version === 4) return !special.check(address, 'ipv4')
  return version === 6 && unicast6.check(address, 'ipv6') && !special.check(address, 'ipv6')
}

function listOf(ranges4: string, ranges6: string): BlockList {
  const list = new BlockList()
  for (const [ranges, family] of [
    [ranges4, 'ipv4'],
    [ranges6, 'ipv6'],
  ] as const)
    for (const range of ranges.split(' ').filter(Boolean)) {
      const [network = '', prefix] = range.split('/')
      list.addSubnet(network, Number(prefix), family)
    }
  return list
}

/** What the operator has opened. */
export type Openings = {
  /** `host` for any address of that name on the usual ports, `host:port` for one more port of it */
  readonly hosts: readonly string[]
  /** of public hosts, besides 80 and 443 */
  readonly ports: readonly number[]
}

/** `host` or `host:port` as it is compared; null when it is neither. */
export function allowedHost(written: string): string | null {
  const url = URL.parse(`http://${written}`)
  if (!url || url.username !== '' || url.pathname !== '/' || /[/?#@*]/.test(written)) return null
  return url.host
}

export function isAllowedHost(url: URL, { hosts }: Openings): boolean {
  return hosts.includes(url.host) || (url.port === '' && hosts.includes(url.hostname))
}

/** Why no connection is made for this URL, before its name is looked up; null: nothing speaks against it. */
export function refusalOf(url: URL, openings: Openings): string | null {
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return `is not a web address (${url.protocol}): use http or https`
  if (url.username !== '' || url.password !== '') return 'holds a user name or password: take it out of the URL'
  if (isAllowedHost(url, openings)) return null
  const literal = url.hostname.replace(/^\[|\]$/g, '')
  // Before the port: allowPorts opens none of a private host.
  if (isIP(literal) !== 0 && !isGlobalAddress(literal)) return notPublic(literal, url.host)
  if (url.port !== '' && !['80', '443', ...openings.ports.map(String)].includes(url.port))
    return `uses port ${url.port}: only 80 and 443 are allowed, unless sources.yaml names ${url.host} under allowHosts or, for a public host, ${url.port} under allowPorts`
  return null
}

export function notPublic(address: string, host: string): string {
  return `leads to ${address}, which is no public address: if you trust it, name ${host} under allowHosts in sources.yaml`
}

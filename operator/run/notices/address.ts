/** Which addresses notices may be sent to: those of the internet, and private ones that the chart names. */
import { BlockList, isIP, isIPv6 } from 'node:net';

/** IANA special-purpose registries: nothing in them is on the internet. */
const denied4 = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
];

/** Everything but 2000::/3 is denied; of that, what stands for other networks. */
const denied6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const listOf = (networks: readonly string[]): BlockList => {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits = ''] = network.split('/');
    list.addSubnet(address, Number(bits), isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  return list;
};

const denied = listOf([...denied4, ...denied6]);
const unicast6 = listOf(['2000::/3']);

/** The IPv4 address inside of ::ffff:0:0/96, in whichever spelling; undefined = it is none. */
const mapped = (address: string): string | undefined => {
  const tail = /^(?:0*:)*:?(?:0+:)*ffff:(?:(\d+\.\d+\.\d+\.\d+)|([0-9a-f]{1,4}):([0-9a-f]{1,4}))$/i.exec(address);
  if (tail === null) return undefined;
  const [, dotted, high = '', low = ''] = tail;
  if (dotted !== undefined) return dotted;
  const [a, b] = [Number.parseInt(high, 16), Number.parseInt(low, 16)];
  return [a >> 8, a & 255, b >> 8, b & 255].join('.');
};

/** Says whether an address may be connected to. `networks`: private ones that may be. */
export const addressRule = (networks: readonly string[]): ((address: string) => boolean) => {
  const allowed = listOf(networks);
  return (address) => {
    const plain = mapped(address) ?? address;
    const version = isIP(plain);
    if (version === 0 || plain.includes('%')) return false;
    const family = version === 4 ? 'ipv4' : 'ipv6';
    if (allowed.check(plain, family)) return true;
    return !denied.check(plain, family) && (version === 4 || unicast6.check(plain, family));
  };
};

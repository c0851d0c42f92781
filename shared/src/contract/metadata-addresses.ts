/**
 * Where clouds answer with metadata and credentials of the node or the Pod, in CIDR notation. For what the runner connects to, and for the
 * chart's NetworkPolicy of builds. Single addresses, not the whole of 169.254.0.0/16 and fd00:ec2::/32: DNS caches of nodes answer there.
 */
export const METADATA_ADDRESSES: readonly string[] = [
  // AWS, Azure, Google Cloud, Oracle Cloud, DigitalOcean, OpenStack and others.
  '169.254.169.254/32',
  // AWS: containers of ECS, EKS Pod Identity.
  '169.254.170.2/32',
  '169.254.170.23/32',
  // Tencent Cloud.
  '169.254.0.23/32',
  // Alibaba Cloud.
  '100.100.100.200/32',
  // Azure: the channel to the host.
  '168.63.129.16/32',
  // Oracle Cloud.
  '192.0.0.192/32',
  // AWS by IPv6, EKS Pod Identity by IPv6.
  'fd00:ec2::254/128',
  'fd00:ec2::23/128',
  // Google Cloud, Scaleway and OpenStack by IPv6.
  'fd20:ce::254/128',
  'fd00:42::42/128',
  'fe80::a9fe:a9fe/128',
];

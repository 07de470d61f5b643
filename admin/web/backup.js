/*
 * backup: everything of the cluster in one sealed file, made while it serves.
 */
import { h, facts, grid, when, download, bytesOfBase64, card } from './dom.js';
import { button, tool } from './dialog.js';

const passphrase = { name: 'password-file', label: 'Passphrase', type: 'password', required: true, minlength: 12, secret: true, help: 'At least 12 characters. Without it nobody can open the backup.', autocomplete: 'off' };

const inside = (d) => [h('p', h(`span.badge.${d.verified ? 'go' : 'no'}`, d.verified ? 'verified, every byte' : d.error?.message || 'not verified')),
	d.cluster ? facts([['Cluster', d.cluster], ['Release', d.release], ['Made', when(d.created)], ['By', d.program], ['Nodes', d.nodes?.map((n) => `${n.name} ${n.address}`).join(', ')]]) : null,
	d.files?.length ? grid('Files', ['File', '#Size', 'SHA-256'], d.files.map((f) => [f.path, f.size, h('code', f.sha256)])) : null];

export default async function backup() {
	const today = new Date().toISOString().slice(0, 10);

	return [h('div.split', tool({ job: true, title: 'Create', verb: 'backup create', ok: 'Create and download', intro: 'Store, keys, trustlist.conf and static files, sealed with a passphrase. It is consistent, although the cluster goes on serving.', fields: [passphrase],
		params: (v) => ({ file: `trustlist-${today}.backup`, ...v }), show: (d) => {
			const file = d.files?.file || d.files?.out || (d.files && Object.values(d.files).find((f) => f?.base64));

			if (file?.base64)
				download(file.name, bytesOfBase64(file.base64));
			return [h('p.good', 'It is made. Look whether it is whole before you rely on it.'), facts([['Cluster', d.cluster], ['Made', when(d.created)], ['Size', `${d.bytes} bytes`], ['Left out', d.left_out || null]]), file?.base64 ? button('Download again', { onclick: () => download(file.name, bytesOfBase64(file.base64)) }) : null];
		} }),
	tool({ job: true, title: 'Verify', verb: 'backup verify', ok: 'Verify', intro: 'Checks every byte of a backup and shows what is in it.', fields: [{ name: 'file', label: 'Backup', type: 'file', required: true }, passphrase], params: (v) => v, show: inside })),
	card('Restore', h('p', 'Only on the host itself, while the cluster is not served: ', h('code', 'trustlist --root DIR backup restore FILE'), '. It says first whether phones would still trust the restored signer.'))];
}

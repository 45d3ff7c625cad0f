"""Decode the real sample files once: evaluation PNGs with index.json, and text-free training backgrounds.

  python prepare.py --real DIR_WITH_MANIFEST --out work/
makes work/eval/ (index.json + PNG) and work/backgrounds/ (PNG). split.json says which picture goes where.
"""
import argparse
import io
import json
import os

import numpy as np
import pydicom
from PIL import Image
from pydicom.pixels import apply_color_lut, pixel_array

HERE = os.path.dirname(os.path.abspath(__file__))


def decode(path, rec, frame):
    ts = rec['transfer_syntax']
    if ts.startswith('1.2.840.10008.1.2.4.10') or ts.endswith('.4.111') or ts.endswith('.4.110'):
        from pydicom.encaps import generate_frames
        d = pydicom.dcmread(path)
        if ts.endswith(('.110', '.111')):
            import imagecodecs
            return imagecodecs.jpegxl_decode(list(generate_frames(d.PixelData, number_of_frames=rec['frames']))[frame])
        import av
        c = av.open(io.BytesIO(b''.join(generate_frames(d.PixelData, number_of_frames=1))))
        for i, f in enumerate(c.decode(video=0)):
            if i == frame:
                return f.to_ndarray(format='rgb24')
    try:
        a = pixel_array(path, index=frame)
    except Exception:
        a = pydicom.dcmread(path, force=True).pixel_array
        a = a[frame] if (rec.get('frames') or 1) > 1 else a
    if rec['photometric'] == 'PALETTE COLOR':
        a = apply_color_lut(a, pydicom.dcmread(path))
        return (a >> 8 if a.dtype == np.uint16 else a).astype(np.uint8)
    if a.ndim == 2:
        f = a.astype(np.float32)
        lo, hi = np.percentile(f, .1), f.max()
        if a.dtype == np.uint8 and rec['bits_stored'] == 8:
            lo, hi = 0, 255
        f = np.clip((f - lo) / max(1e-6, hi - lo), 0, 1) * 255
        f = 255 - f if rec['photometric'] == 'MONOCHROME1' else f
        return np.repeat(f.astype(np.uint8)[..., None], 3, 2)
    return a if a.dtype == np.uint8 else (a.astype(np.float64) / max(1, a.max()) * 255).astype(np.uint8)


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--real', required=True)
    p.add_argument('--out', required=True)
    a = p.parse_args()
    ev, bg = os.path.join(a.out, 'eval'), os.path.join(a.out, 'backgrounds')
    os.makedirs(ev, exist_ok=True)
    os.makedirs(bg, exist_ok=True)
    recs = {os.path.basename(r['file']).split('_')[0]: r for r in json.load(open(os.path.join(a.real, 'manifest.json')))['records']}
    split = json.load(open(os.path.join(HERE, 'split.json')))
    index = []
    for n in split['eval_boxed'] + split['eval_text_free']:
        r = recs[n]
        t = r.get('truth') or {}
        try:
            im = decode(os.path.join(a.real, r['file']), r, t.get('frame') or 0)
        except Exception as e:
            print('not decoded', n, str(e)[:100])
            continue
        Image.fromarray(im).save(os.path.join(ev, n + '.png'))
        index.append(dict(name=n, png=n + '.png', modality=r['modality'], lines=t.get('lines', [])))
    json.dump(index, open(os.path.join(ev, 'index.json'), 'w'))
    for b in split['train_backgrounds']:  # name, frames, crop [x0, y0, x1, y1], scale
        if b.get('not_permissive'):
            continue
        for f in b.get('frames', [0]):
            r = recs[b['name']]
            im = Image.fromarray(decode(os.path.join(a.real, r['file']), r, f))
            im = im.crop(b['crop']) if b.get('crop') else im
            if b.get('scale'):
                im = im.resize((int(im.width * b['scale']), int(im.height * b['scale'])), Image.BOX)
            im.save(os.path.join(bg, f"{b['name']}_{f}.png"))
    print(len(index), 'evaluation pictures,', len(os.listdir(bg)), 'backgrounds')


if __name__ == '__main__':
    main()

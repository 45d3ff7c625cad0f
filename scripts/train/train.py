"""Train the detector on synthetic text over synthetic and real text-free backgrounds (CPU is enough)."""
import argparse
import copy
import math
import random
import time

import numpy as np
import torch
import torch.nn.functional as F

import textgen
from net import CFG, TextNet, load_into


class Crops(torch.utils.data.IterableDataset):
    def __init__(self, a):
        self.a = a

    def __iter__(self):
        wi = torch.utils.data.get_worker_info()
        sd = self.a.seed * 1000 + (wi.id if wi else 0)
        r, g = random.Random(sd), np.random.default_rng(sd)
        fonts, real, bad = textgen.Fonts(self.a.fonts), textgen.RealBackgrounds(self.a.real), 0
        while True:
            try:
                im, reg, core, wt = textgen.sample(fonts, r, g, self.a.size, real)
            except Exception as e:  # a rare font or geometry corner case must not end a long run
                bad += 1
                if bad < 5 or bad % 100 == 0:
                    print('sample skipped', bad, repr(e), flush=True)
                continue
            yield torch.from_numpy(im.transpose(2, 0, 1).copy()), torch.from_numpy(np.stack([reg, core, wt]))


def loss_fn(o, t, pos):
    """weighted BCE on both maps + soft dice on the whole batch"""
    w = t[:, 2]
    l = 0
    for c, k in ((0, 1.), (1, .5)):
        y, z = t[:, c], o[:, c]
        b = F.binary_cross_entropy_with_logits(z, y, reduction='none', pos_weight=torch.tensor(pos))
        p = torch.sigmoid(z.detach())
        # hard pixels count more, above all false ones
        m = w * (1 + 2 * (p * (1 - y) + (1 - p) * y))
        pr = torch.sigmoid(z) * w
        l = l + k * (2 * (b * m).mean() + .7 * (1 - (2 * (pr * y).sum() + 1) / (pr.sum() + (y * w).sum() + 1)))
    return l


def save(out, ema, net, opt, st):
    torch.save(ema.state_dict(), out)
    torch.save(dict(net=net.state_dict(), ema=ema.state_dict(), opt=opt.state_dict(), steps=st), out + '.state')


def main():
    p = argparse.ArgumentParser()
    p.add_argument('--out', default='ema.pt')
    p.add_argument('--init', default='', help='checkpoint to continue from')
    p.add_argument('--fonts', default='/usr/share/fonts')
    p.add_argument('--real', default='', help='folder of text-free PNG backgrounds')
    p.add_argument('--steps', type=int, default=10000)
    p.add_argument('--constant', action='store_true', help='keep the learning rate, for a first part')
    p.add_argument('--batch', type=int, default=8)
    p.add_argument('--size', type=int, default=320)
    p.add_argument('--lr', type=float, default=2e-3)
    p.add_argument('--pos', type=float, default=1.6)
    p.add_argument('--threads', type=int, default=1)
    p.add_argument('--workers', type=int, default=1)
    p.add_argument('--seed', type=int, default=7)
    p.add_argument('--save-every', type=int, default=500, help='steps')
    a = p.parse_args()
    torch.set_num_threads(a.threads)
    torch.manual_seed(a.seed)
    net = TextNet(**CFG).to(memory_format=torch.channels_last)
    if a.init:
        print('exact continuation' if load_into(net, torch.load(a.init)) else 'warm start, shapes differ', flush=True)
    print('parameters', sum(q.numel() for q in net.parameters()), flush=True)
    ema = copy.deepcopy(net).eval()
    dl = iter(torch.utils.data.DataLoader(Crops(a), batch_size=a.batch, num_workers=a.workers, prefetch_factor=8))
    opt = torch.optim.AdamW(net.parameters(), a.lr, weight_decay=1e-4)
    t0, st, acc, tw = time.time(), 0, None, 0.
    while True:
        q = st / a.steps
        if q >= 1:
            break
        lr = a.lr * min(1, (st + 1) / 50) * (1 if a.constant else .5 * (1 + math.cos(math.pi * q)) + .01)
        for gr in opt.param_groups:
            gr['lr'] = lr
        t1 = time.time()
        x, t = next(dl)
        tw += time.time() - t1
        loss = loss_fn(net(((x.float() - 127.5) / 64.0).contiguous(memory_format=torch.channels_last)), t, a.pos)
        opt.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 2.0)
        opt.step()
        st += 1
        d = min(.998, (1 + st) / (20 + st))
        with torch.no_grad():
            for u, v in zip(ema.state_dict().values(), net.state_dict().values()):
                if u.dtype.is_floating_point:
                    u.mul_(d).add_(v, alpha=1 - d)
                else:
                    u.copy_(v)
        acc = loss.item() if acc is None else acc * .98 + loss.item() * .02
        if st % 50 == 0:
            print(f'{st} t={time.time() - t0:.0f}s wait={tw:.0f}s loss {acc:.4f} lr {lr:.5f}', flush=True)
        if st % a.save_every == 0:
            save(a.out, ema, net, opt, st)
    save(a.out, ema, net, opt, st)
    print('done', st, flush=True)


if __name__ == '__main__':
    main()

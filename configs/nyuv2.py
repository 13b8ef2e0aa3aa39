"""NYUv2: segmentation, depth and surface normals of indoor scenes, by the published protocols.

The variant ``segnet`` is the default and follows Nash-MTL, CAGrad and FAMO. The network is a SegNet
with the attention of MTAN (Liu, Johns, Davison, CVPR 2019). It trains for 200 epochs of Adam with
batches of 2. The learning rate is 1e-4, and half of that after 100 epochs. The images are zoomed
and mirrored at random.

The variant ``resnet50`` follows LibMTL. The network is a dilated ResNet-50 with ImageNet weights
and a DeepLab head per task. It trains with batches of 8 and weight decay 1e-5, without
augmentation.

Both variants report the mean of the last 10 epochs on the test split, over 3 seeds. (LibMTL's table
of ResNet-50 has one seed.) The test split is not used for any choice. One of the 795 training
scenes is held out, which the published experiments do not do.

There are these differences from the published code:

- An epoch drops its last incomplete batch.
- The median angle is the median over all pixels, not a mean over batches.
- The attention of MTAN reads one output of each stage, not two depths of each block.

The authors of this file did not run it on the real data, and claim no result. The tests run its
steps on generated files. The table shows published results next to yours. They come from LibMTL,
examples/nyu/results. LibMTL also repeated these experiments with the same protocol. Its own results
differ by 0.3 to 11 points of delta_m, the mean relative change against single-task training in
percent.

Data: the folder of MTAN, see `mtljax.data.nyuv2`, as --config.data.path=DIR
Weights: torchvision's resnet50 state_dict() in a file, as --config.backbone.weights=FILE;
without it, the weights are random
Hardware: a GPU with 8 GB or more; this is an estimate, not measured.

Command: python -m experiments.train --config=configs/nyuv2.py --config.data.path=DIR
Table: python -m experiments.compare --config=configs/nyuv2.py --config.data.path=DIR
  --surgery=sum,pcgrad,cagrad,nash_mtl --seeds=3
Variants: configs/nyuv2.py:segnet, :resnet50
"""

from ml_collections import ConfigDict, config_dict

from configs.common import base

_SCENES, _SHAPE = 794, (288, 384)
_METRICS = (
    'segmentation mean_iou',
    'segmentation pixel_accuracy',
    'depth mae',
    'depth relative_error',
    'normal mean',
    'normal median',
    'normal within_11.25',
    'normal within_22.5',
    'normal within_30',
)
_SEGNET = {
    'single-task': (0.3830, 0.6376, 0.6754, 0.2780, 25.01, 19.21, 0.3014, 0.5720, 0.6915),
    'equal weights': (0.3929, 0.6533, 0.5493, 0.2263, 28.15, 23.96, 0.2209, 0.4750, 0.6108),
    'random': (0.3717, 0.6377, 0.5759, 0.2410, 28.27, 24.18, 0.2226, 0.4705, 0.6062),
    'dwa': (0.3911, 0.6531, 0.5510, 0.2285, 27.61, 23.18, 0.2417, 0.5018, 0.6239),
    'uncertainty': (0.3687, 0.6317, 0.5446, 0.2260, 27.04, 22.61, 0.2354, 0.4905, 0.6365),
    'mgda': (0.3047, 0.5990, 0.6070, 0.2555, 24.88, 19.45, 0.2918, 0.5688, 0.6936),
    'gradnorm': (0.2009, 0.5206, 0.72, 0.28, 24.83, 18.86, 0.3081, 0.5794, 0.6973),
    'pcgrad': (0.3806, 0.6464, 0.5550, 0.2325, 27.41, 22.80, 0.2386, 0.4983, 0.6314),
    'gradvac': (0.3753, 0.6435, 0.56, 0.24, 27.66, 23.38, 0.2283, 0.4866, 0.6221),
    'graddrop': (0.3939, 0.6512, 0.5455, 0.2279, 27.48, 22.96, 0.2338, 0.4944, 0.6287),
    'cagrad': (0.3979, 0.6549, 0.5486, 0.2250, 26.31, 21.58, 0.2561, 0.5236, 0.6558),
    'imtl_g': (0.3935, 0.6560, 0.54, 0.23, 26.02, 21.19, 0.2620, 0.5313, 0.6624),
    'moco': (0.4030, 0.6607, 0.5575, 0.2135, 26.67, 21.83, 0.2561, 0.5178, 0.6485),
    'nash_mtl': (0.4013, 0.6593, 0.5261, 0.2171, 25.26, 20.08, 0.2840, 0.5547, 0.6815),
    'aligned_mtl': (0.4082, 0.6633, 0.53, 0.22, 25.19, 19.71, 0.2888, 0.5623, 0.6854),
}
_RESNET = {
    'hard': (0.5410, 0.3771, 23.53),
    'cross_stitch': (0.5314, 0.3824, 23.03),
    'mmoe': (0.5302, 0.3884, 22.96),
    'mtan': (0.5438, 0.3764, 22.98),
    'cgc': (0.5340, 0.3897, 22.17),
    'ple': (0.5322, 0.4002, 22.04),
}
_PUBLISHED = {
    'segnet': {
        'note': (
            'As reported by the papers (single-task: the baseline in their code), collected by '
            'LibMTL, examples/nyu/results/segnet_results.pdf; gradnorm, gradvac, imtl_g and '
            'aligned_mtl from the paper of Aligned-MTL.'
        ),
        'columns': _METRICS,
        'rows': _SEGNET,
    },
    'resnet50': {
        'note': 'LibMTL, examples/nyu/results/resnet_results.pdf: equal weights, one seed.',
        'columns': ('segmentation mean_iou', 'depth mae', 'normal mean'),
        'rows': _RESNET,
    },
}
_METHODS = {
    'mmoe': {'sharing': {'num_experts': 2}},
    'cgc': {'sharing': {'num_shared': 1, 'num_own': 1}},
    'ple': {'sharing': {'num_shared': 1, 'num_own': 1}},
}


def get_config(variant: str = 'segnet') -> ConfigDict:
    if variant not in _PUBLISHED:
        raise ValueError(f'configs/nyuv2.py has the variants segnet, resnet50. Found {variant!r}.')
    batch = 2 if variant == 'segnet' else 8
    epoch = _SCENES // batch
    rate = {
        'fn': 'optax:exponential_decay',
        'init_value': 1e-4,
        'transition_steps': 100 * epoch,
        'decay_rate': 0.5,
        'staircase': True,
    }
    config = base(
        data={'fn': 'mtljax.data:nyuv2', 'path': 'nyuv2', 'validation': 1 / 795},
        backbone={'fn': 'mtljax.backbones:segnet'},
        sharing={'fn': 'mtljax.sharing:mtan'},
        optimizer={'fn': 'optax:adam', 'learning_rate': rate},
        train={
            'steps': 200 * epoch,
            'batch_size': batch,
            'eval_batch_size': batch,
            'log_every': epoch,
            'eval_every': epoch,
            'average_last': 10,
        },
        methods=_METHODS,
        published=_PUBLISHED[variant],
    )
    if variant == 'segnet':
        config.train.augment = ConfigDict({'fn': 'mtljax.data:augment_scenes'})
    else:
        for field, value in _resnet(rate).items():
            config[field] = value
    return config


def _resnet(rate: dict) -> ConfigDict:
    def head(size):
        return {'fn': 'mtljax.heads:deeplab', 'size': size, 'shape': _SHAPE}

    return ConfigDict(
        {
            'backbone': {
                'fn': 'mtljax.backbones:resnet',
                'widths': 50,
                'output_stride': 8,
                'weights': config_dict.placeholder(str),
            },
            'heads': {'segmentation': head(13), 'depth': head(None), 'normal': head(3)},
            'sharing': {'fn': 'mtljax.sharing:hard'},
            'optimizer': {
                'fn': 'optax:chain',
                'args': (
                    {'fn': 'optax:add_decayed_weights', 'weight_decay': 1e-5},
                    {'fn': 'optax:adam', 'learning_rate': rate},
                ),
            },
        }
    )

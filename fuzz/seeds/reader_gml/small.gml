Creator "x &amp; y"
graph [ directed 1
 node [ id 0 label "A&#246;" Latitude 1.5 Internal 1 ]
 node [ id 1 label "B" ] # end
 edge [ source 0 target 1 weight 2 g [ x 1 ] ]
]
